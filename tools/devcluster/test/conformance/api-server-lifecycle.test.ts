import { describeWithApi } from '../../../../test/support/api-server.ts';
import { lifecycle } from './lifecycle/topics.ts';
import { connectToServer } from './real-server.ts';
import { defineOnServer } from './suite.ts';

describeWithApi('the controllers of a real control plane', () => {
  defineOnServer(connectToServer, lifecycle);
});
