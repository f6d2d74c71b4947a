// A first prediction with our own client: submits an iris, waits for its end and prints the answer.
// Needs a fleet (npm start) and the client (npm run build). Run: node examples/millrace/first-prediction.mjs
// MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import { MillraceClient } from 'millrace/client';

const { MILLRACE_URL: url = 'http://127.0.0.1:3000', MILLRACE_API_KEY: key = 'none' } = process.env;
const millrace = new MillraceClient({ url, key });

const input = { sepal_length: 5.1, sepal_width: 3.4, petal_length: 1.5, petal_width: 0.2 };
const { status, output, error } = await millrace.predict({ model: 'iris', input });
console.log(status === 'succeeded' ? JSON.stringify(output) : `${status}: ${error}`);
