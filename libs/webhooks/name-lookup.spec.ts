import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { lookUpName } from './name-lookup.js';

const A = 1;
const ADDRESS = [192, 0, 2, 7];

/** A name server that knows an address of every name, and says nothing of those that begin with `silent`. */
async function nameServer(): Promise<string> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.on('message', (question, { port, address }) => {
    const name = question.subarray(13, 13 + (question[12] ?? 0)).toString();
    if (!name.startsWith('silent')) socket.send(answerTo(question), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `127.0.0.1:${socket.address().port}`;
}

/** RFC 1035, 4.1: one address, or none where IPv6 is asked for. */
function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const isOfIpv4 = question.readUInt16BE(end - 4) === A;
  const header = Buffer.from(question.subarray(0, 12));
  header.set([0x81, 0x80, 0, 1, 0, isOfIpv4 ? 1 : 0, 0, 0, 0, 0], 2);
  const record = [0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, ...ADDRESS];
  return Buffer.concat([header, question.subarray(12, end), Buffer.from(isOfIpv4 ? record : [])]);
}

it('keeps no name waiting for others whose servers say nothing', async () => {
  const servers = [await nameServer()];
  let silentOnes = 0;
  const silent = Array.from({ length: 40 }, async (_, i) => {
    const found = await lookUpName(`silent${i}.example.com`, servers);
    silentOnes += 1;
    return found;
  });
  expect(await lookUpName('a.example.com', servers)).toEqual([{ address: '192.0.2.7', family: 4 }]);
  expect(silentOnes).toBe(0);
  expect((await Promise.all(silent)).flat()).toEqual([]);
});
