import { describeWithApi } from '../../../../test/support/api-server.ts';
import { semantics } from './cases/topics.ts';
import { connectToServer } from './real-server.ts';
import { defineOnServer } from './suite.ts';

describeWithApi('a real API server', () => {
  defineOnServer(connectToServer, semantics);
});
