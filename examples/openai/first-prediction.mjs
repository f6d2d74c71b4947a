// A first prediction with the npm package `openai`: it has no call for it, and its `post` reaches every address.
// Needs a fleet (npm start) and `npm install openai`. Run: node examples/openai/first-prediction.mjs
// MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import OpenAI from 'openai';

const { MILLRACE_URL = 'http://127.0.0.1:3000', MILLRACE_API_KEY = 'none' } = process.env;
const openai = new OpenAI({ baseURL: `${MILLRACE_URL}/openai/v1`, apiKey: MILLRACE_API_KEY });

const input = { sepal_length: 5.1, sepal_width: 3.4, petal_length: 1.5, petal_width: 0.2 };
const request = { body: { version: 'iris', input }, headers: { prefer: 'wait' } };
const { output } = await openai.post(`${MILLRACE_URL}/v1/predictions`, request);
console.log(JSON.stringify(output));
