/** The cases for the API, by topic. */
import type { Topics } from '../case.ts';
import { apply } from './apply.ts';
import { builtIn } from './built-in.ts';
import { customObjects } from './custom-objects.ts';
import { definitions } from './definitions.ts';
import { deletion } from './deletion.ts';
import { discovery } from './discovery.ts';
import { events } from './events.ts';
import { dryRun, fieldValidation, http } from './http.ts';
import { identity } from './identity.ts';
import { invalid } from './invalid.ts';
import { lists } from './lists.ts';
import { namespaces } from './namespaces.ts';
import { objects } from './objects.ts';
import { patches } from './patches.ts';
import { pods } from './pods.ts';
import { stickyWorkloads } from './sticky-workloads.ts';
import { tables } from './tables.ts';
import { watches } from './watches.ts';
import { webhooks } from './webhooks.ts';

export const semantics: Topics = {
  discovery,
  http,
  fieldValidation,
  dryRun,
  objects,
  patches,
  apply,
  definitions,
  customObjects,
  lists,
  watches,
  deletion,
  namespaces,
  pods,
  tables,
  webhooks,
  identity,
  stickyWorkloads,
  builtIn,
  invalid,
  events,
};
