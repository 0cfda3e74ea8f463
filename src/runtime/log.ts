type Write = (details: object, message: string) => void;

/** Where the runtime reports; pino's loggers fit. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

const ignore: Write = () => undefined;

/** Reports nothing. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
