import { describe } from '@jest/globals';
import { semantics } from './cases/topics.ts';
import { startDevcluster } from './devcluster.ts';
import { differences } from './differences.ts';
import { defineOnServer } from './suite.ts';

describe('the API of the devcluster', () => {
  defineOnServer(startDevcluster, semantics, differences);
});
