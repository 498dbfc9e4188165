/** The admin port of the operator. */
import type { Express } from 'express';
import { createAdminApp } from '../../platform/admin.ts';
import { createRegistry } from '../../platform/metrics.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Operator } from '../operator.ts';
import { registerOperatorMetrics } from './metrics.ts';

export function createOperatorAdmin(operator: Operator, clock: Clock): Express {
  const registry = createRegistry();
  registerOperatorMetrics(registry, operator, clock);
  const app = createAdminApp({ registry, notReady: () => operator.notReady() });
  app.get('/debug/verdicts', (_request, response) => {
    response.json(operator.translations.latest()?.translation.accepts ?? {});
  });
  return app;
}
