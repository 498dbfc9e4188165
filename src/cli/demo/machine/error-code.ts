/** Such as `EADDRINUSE`: the code of an error of the system. */
export const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
