/** What filters change in a request: RequestHeaderModifier and URLRewrite of Gateway API. */
import type { RouteFilter } from '../../wire/route-filters.ts';
import { compileHeaderEdits } from '../http/header-edits.ts';
import { compilePathEdit } from '../http/path-edit.ts';
import type { RequestEdits } from '../routing.ts';
import { ofType } from './of-type.ts';

/** A rewrite of a backend replaces that of its route: its prefix is that of the request as it came. */
export function compileRequestEdits(filters: readonly RouteFilter[]): RequestEdits | undefined {
  const headers = compileHeaderEdits(ofType(filters, 'RequestHeaderModifier'));
  const rewrites = ofType(filters, 'URLRewrite');
  const host = rewrites.findLast(({ hostname }) => hostname !== undefined)?.hostname;
  const modifier = rewrites.findLast(({ path }) => path !== undefined)?.path;
  if (headers === undefined && host === undefined && modifier === undefined) return undefined;
  return { headers, host, path: modifier && compilePathEdit(modifier) };
}
