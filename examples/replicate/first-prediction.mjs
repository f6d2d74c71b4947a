// A first prediction with the npm package `replicate`: the blocking call, which waits for the output.
// Needs a fleet (npm start) and `npm install replicate`. Run: node examples/replicate/first-prediction.mjs
// MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import Replicate from 'replicate';

const { MILLRACE_URL = 'http://127.0.0.1:3000', MILLRACE_API_KEY = 'none' } = process.env;
const replicate = new Replicate({ baseUrl: `${MILLRACE_URL}/v1`, auth: MILLRACE_API_KEY });

const input = { sepal_length: 5.1, sepal_width: 3.4, petal_length: 1.5, petal_width: 0.2 };
console.log(JSON.stringify(await replicate.run('millrace/iris', { input })));
