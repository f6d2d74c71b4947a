import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';

/** A model's files break a rule. The message is one line: the file as people know it, and the rule. */
export class ModelIntegrityError extends Error {
  constructor(
    /** Path below the models folder, e.g. `iris/1.0.0/model.onnx`. */
    readonly file: string,
    readonly rule: string,
  ) {
    super(`Model file ${file}: ${rule}`);
    this.name = 'ModelIntegrityError';
  }
}

/** The folder of the models is not what it should be. The message names it, since it is the operator's own. */
export class ModelsFolderError extends ModelIntegrityError {
  constructor(folder: string, rule: string) {
    super('.', rule);
    this.message = `Setting MODELS_DIR: the folder ${folder} ${rule}`;
  }
}

/** A model was asked for by a name that none has. The caller adds where the name came from. */
export class UnknownModelError extends ModelIntegrityError {
  constructor(
    readonly model: string,
    /** Names of the models that there are. */
    readonly known: readonly string[],
  ) {
    super(model, 'there is no such model');
    this.message = `There is no model ${model}; there are ${known.join(', ')}`;
  }
}

/** Reads a whole file below `root`; a link in the last place is refused, so that a file is the file that is named. */
export async function readModelFile(root: string, relative: string): Promise<Buffer> {
  try {
    const handle = await open(path.join(root, relative), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new ModelIntegrityError(relative, unreadable((error as NodeJS.ErrnoException).code));
  }
}

function unreadable(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'is missing';
    case 'ELOOP':
      return 'is a symbolic link, which is not followed';
    case 'EISDIR':
      return 'is a folder';
    case 'EACCES':
      return 'may not be read by this user';
    default:
      return `cannot be read (${code ?? 'unknown reason'})`;
  }
}

/** @throws ModelIntegrityError when the bytes are not those the manifest promises */
export function verifyBytes(
  file: string,
  bytes: Buffer,
  promised: { readonly sha256: string; readonly size_bytes: number },
): void {
  if (bytes.length !== promised.size_bytes) {
    throw new ModelIntegrityError(
      file,
      `has ${bytes.length} bytes, but its manifest promises ${promised.size_bytes} (size_bytes)`,
    );
  }
  if (sha256(bytes) !== promised.sha256) {
    throw new ModelIntegrityError(file, 'its SHA-256 is not the one its manifest promises: the file was changed');
  }
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
