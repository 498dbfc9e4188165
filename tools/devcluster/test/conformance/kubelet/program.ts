/** The program of every container: it says what happens to it, and does what it is told in answer. See `journal.ts`. */

/** Built by the tests from `examples/shop`; of what it holds, only Node is used. */
export const image = 'holdfast-shop:dev';

/** Whoever does not reach the journal any more belongs to a case that is over. */
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

/** A command within the container, which ends when the journal answers, and fails unless the answer is 200. */
export const askCommand = (word: string): string[] => [
  'node',
  '-e',
  `${ask} ask(${JSON.stringify(word)}, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1));`,
];

/** A program that says one thing, `text` being an expression of it, and goes on. */
export const sayingCommand = (text: string): string[] => [
  'node',
  '-e',
  `${ask} ask('said/' + encodeURIComponent(${text}), () => ask('started', obey));`,
];
