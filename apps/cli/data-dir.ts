/** The folder in which `npm start` keeps what it has: Redis, its data, logs. */
import { access, constants, mkdir } from 'node:fs/promises';
import { CliError } from './cli-error.js';

/** @throws CliError with one sentence where nothing can be kept there */
export async function mustBeWritable(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CliError(whyNotWritable(error as NodeJS.ErrnoException, dataDir), { cause: error });
  }
}

function whyNotWritable({ code, message }: NodeJS.ErrnoException, dataDir: string): string {
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return `Setting DATA_DIR: ${dataDir} is not a folder, and none can be created there.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `Setting DATA_DIR: this user may not write to ${dataDir}.`;
    default:
      return `Setting DATA_DIR: the folder ${dataDir} cannot be created (${code ?? message}).`;
  }
}
