/** The admin port of the operator. */
import type { Express } from 'express';
import { createAdminApp } from '../../platform/admin.ts';
import { metrics } from '../../api/metrics.ts';
import { createRegistry, registerMetric } from '../../platform/metrics.ts';
import type { ProcessFaults } from '../../platform/process-faults.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Operator } from '../operator.ts';
import { registerOperatorMetrics } from './metrics.ts';

/** `faults`: of the process. */
export function createOperatorAdmin(operator: Operator, clock: Clock, faults: ProcessFaults['counts']): Express {
  const registry = createRegistry();
  registerOperatorMetrics(registry, operator, clock);
  registerMetric(registry, {
    name: 'holdfast_operator_faults_total',
    ...metrics.holdfast_operator_faults_total,
    read: () => Object.entries(faults).map(([kind, value]) => ({ labels: { kind }, value })),
  });
  const app = createAdminApp({ registry, notReady: () => operator.notReady() });
  app.get('/debug/verdicts', (_request, response) => {
    response.json(operator.translations.latest()?.translation.accepts ?? {});
  });
  return app;
}
