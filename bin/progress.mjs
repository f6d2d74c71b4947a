/** A line that shows that something is going on, before any package is installed. Goes to stderr: stdout is for answers. */

const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];

/**
 * @template T
 * @param {string} label
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function waitWithProgress(label, work) {
  const began = Date.now();
  const out = process.stderr;
  if (!out.isTTY) out.write(`${label} ...\n`);
  let frame = 0;
  const draw = () => out.write(`\r\x1b[K${FRAMES[frame++ % FRAMES.length]} ${label}, ${seconds(began)}`);
  const timer = out.isTTY ? setInterval(draw, 100) : null;
  try {
    return await work;
  } finally {
    if (timer !== null) {
      clearInterval(timer);
      out.write('\r\x1b[K');
    }
    out.write(`${label}: ${seconds(began)}\n`);
  }
}

function seconds(began) {
  return `${Math.round((Date.now() - began) / 1000)} s`;
}
