// A batch with our own client: sends rows as they are made, and prints results in their order as they come.
// Needs a fleet (npm start) and the client (npm run build). Run: node examples/millrace/batch.mjs
// MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import { MillraceClient } from 'millrace/client';

const { MILLRACE_URL: url = 'http://127.0.0.1:3000', MILLRACE_API_KEY: key = 'none' } = process.env;
const millrace = new MillraceClient({ url, key });

// An array would do; this could as well read a file or a database.
async function* rows() {
  yield { custom_id: 'f-1', sepal_length: 5.1, sepal_width: 3.4, petal_length: 1.5, petal_width: 0.2 };
  yield { custom_id: 'f-2', sepal_length: 6.4, sepal_width: 2.8, petal_length: 5.6, petal_width: 2.2 };
  yield { custom_id: 'f-3', sepal_length: 5.9, sepal_width: 34, petal_length: 4.2, petal_width: 1.5 };
}

for await (const result of millrace.batch({ model: 'iris', rows: rows() })) console.log(JSON.stringify(result));
