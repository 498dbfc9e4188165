/** The program of every container: it reports what happens to it, and does what the response says. See `journal.ts`. */

/** Built by the tests from `examples/shop`; only its Node is used. */
export const image = 'holdfast-shop:dev';

/** Exits if the journal is unreachable: then its case is over. */
const ask = `
  const ask = (word, use) => require('node:http').get(process.env.REPORT + '/' + word, { agent: false }, use).on('error', () => process.exit(1));
  const obey = (answer) => answer.on('data', (code) => process.exit(Number(code))).on('error', () => process.exit(1));`;

export const program = `${ask}
  process.on('SIGTERM', () => ask('SIGTERM', obey));
  const server = require('node:http').createServer((request, response) => {
    ask(request.url, (answer) => { answer.resume(); response.writeHead(answer.statusCode).end(); });
  });
  if (process.env.LISTEN) server.listen(process.env.LISTEN, () => ask('started', obey));
  else ask('started', obey);`;

/** A command in the container that exits when the journal responds, and fails unless the response is 200. */
export const askCommand = (word: string): string[] => [
  'node',
  '-e',
  `${ask} ask(${JSON.stringify(word)}, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1));`,
];

/** A program that reports the value of the expression `text`, and keeps running. */
export const sayingCommand = (text: string): string[] => [
  'node',
  '-e',
  `${ask} ask('said/' + encodeURIComponent(${text}), () => ask('started', obey));`,
];
