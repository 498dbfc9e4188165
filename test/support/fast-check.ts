/**
 * fast-check, as all tests use it. On a developer's machine each run draws new inputs; in CI the seed is fixed, so that no change is refused for what
 * another one did. A property that fails prints its seed, whatever it was.
 */
import fc from 'fast-check';

if (process.env['CI'] !== undefined) fc.configureGlobal({ seed: 20_261_122 });

export { fc };
