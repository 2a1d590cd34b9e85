/** A server that answers what it is told to, one answer after the other, and remembers what it was asked. */

import { createServer } from 'node:http';
import { Cagnotte } from '../src/index.js';

/**
 * @param {Array<[number, unknown, Record<string, string>?] | 'lost' | 'silent'>} answers status, body, headers; lost: the
 *   line breaks; silent: nothing comes
 */
export async function fake(answers, options = {}) {
  const asked = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      asked.push({ method: request.method, url: request.url, headers: request.headers, body });
      const answer = answers.shift() ?? [500, {}];
      if (answer === 'lost') {
        request.socket.destroy();
      } else if (answer !== 'silent') {
        const [status, told, headers = {}] = answer;
        const text = typeof told === 'string' ? told : JSON.stringify(told);
        response.writeHead(status, { 'Request-Id': `req_${asked.length}`, ...headers }).end(text);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}/`;
  const cagnotte = new Cagnotte({ address, key: 'cag_test_sk_1', firstPauseSeconds: 0.001, ...options });
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { cagnotte, asked, close, address };
}

/** A problem document. */
export function problem(status, code, more = {}, headers = {}) {
  return [status, { type: 't', title: 'T', status, detail: `It is ${code}.`, code, request_id: 'req_p', ...more }, headers];
}
