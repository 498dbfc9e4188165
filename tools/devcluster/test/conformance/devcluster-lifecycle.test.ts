import { describe } from '@jest/globals';
import { startDevcluster } from './devcluster.ts';
import { lifecycleDifferences } from './differences.ts';
import { lifecycle } from './lifecycle/topics.ts';
import { defineOnServer } from './suite.ts';

describe('the controllers of the devcluster', () => {
  defineOnServer(startDevcluster, lifecycle, lifecycleDifferences);
});
