// The server functions that the worker calls.
type Endpoint = 'push_key' | 'receipt' | 'subscribe';

/** Posts to a server function as the person who is signed in on this device. */
export function post(endpoint: Endpoint, fields: Record<string, string>): Promise<Response> {
  return fetch(`/api/${endpoint}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { accept: 'application/json' },
    credentials: 'same-origin',
  });
}
