import { describe } from '@jest/globals';
import { startWithNode } from './kubelet/devcluster.ts';
import { kubeletTopics } from './kubelet/topics.ts';
import { defineOnServer } from './suite.ts';

describe('the kubelet of the devcluster', () => {
  defineOnServer(startWithNode, kubeletTopics('127.0.0.1'));
});
