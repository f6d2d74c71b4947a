/**
 * Runs an ONNX graph once, so that the training scripts check the very runtime that serves their models.
 *
 *     node run_onnx.mjs model.onnx < request.json > response.json
 *
 * Request: `{name: {datatype, shape, data}}` a graph input; `data` is flat, row by row, and null stands for NaN.
 * Response: `{name: {shape, data}}` a graph output.
 */
import { text } from 'node:stream/consumers';
import ort from 'onnxruntime-node';

function toTensor({ datatype, shape, data }) {
  if (datatype === 'string') return new ort.Tensor('string', data, shape);
  if (datatype === 'float32') {
    const values = data.map((value) => (value === null ? Number.NaN : value));
    return new ort.Tensor('float32', Float32Array.from(values), shape);
  }
  throw new Error(`no training script feeds a graph with ${datatype}`);
}

const modelPath = process.argv[2];
if (modelPath === undefined) throw new Error('usage: node run_onnx.mjs model.onnx < request.json');

const session = await ort.InferenceSession.create(modelPath, { intraOpNumThreads: 1 });
const request = Object.entries(JSON.parse(await text(process.stdin)));
const results = await session.run(Object.fromEntries(request.map(([name, spec]) => [name, toTensor(spec)])));
const response = Object.entries(results).map(([name, { dims, data }]) => [
  name,
  { shape: dims, data: Array.from(data) },
]);
process.stdout.write(JSON.stringify(Object.fromEntries(response)));
