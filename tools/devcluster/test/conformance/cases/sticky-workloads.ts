/** The project's own CustomResourceDefinition: each of its rules, its defaults, its scale and its columns. */
import type { Case } from '../case.ts';
import { accepted } from './sticky-workloads/accepted.ts';
import { refused } from './sticky-workloads/refused.ts';
import { stored } from './sticky-workloads/stored.ts';

export const stickyWorkloads: Case[] = [...accepted, ...refused, ...stored];
