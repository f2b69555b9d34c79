// The management side of a running Sapwood, as the tests need it: what an operator would do with curl.

const url = need('SAPWOOD_TEST_URL');
const admin = need('SAPWOOD_TEST_ADMIN_TOKEN');
const project = need('SAPWOOD_TEST_PROJECT');
const environment = need('SAPWOOD_TEST_ENVIRONMENT');

export const baseUrl = url;
/** For servers of our own. */
export const binary = need('SAPWOOD_TEST_BINARY');
export const serverToken = need('SAPWOOD_TEST_SERVER_TOKEN');
export const clientToken = need('SAPWOOD_TEST_CLIENT_TOKEN');
/** A server that allows two evaluations a second, and nothing but its address and a token for it. */
export const strict = { url: need('SAPWOOD_TEST_STRICT_URL'), token: need('SAPWOOD_TEST_STRICT_TOKEN') };

const projectPath = `/api/v1/projects/${project}`;
const environmentPath = `${projectPath}/environments/${environment}`;

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests with \`cargo xtask sdk\``);
  return value;
}

/** Sends JSON and returns the status and the body; never throws for a status. */
export async function send(method, path, token, body) {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function expectOk(method, path, body) {
  const answer = await send(method, path, admin, body);
  if (answer.status >= 300) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

/** A release flag that serves `off` to everybody. */
export async function createFlag(key) {
  await expectOk('PUT', `${projectPath}/flags/${key}`, {
    flag: { type: 'boolean', variants: { on: true, off: false }, client_visible: false },
    about: { description: 'Made by the client tests', kind: 'release' },
  });
  await expectOk('PUT', `${environmentPath}/flags/${key}`, {
    targeting: { on: true, off_variant: 'off', rules: [], default: { variant: 'off' } },
  });
}

/** A flag of any type, and what it serves. */
export async function defineFlag(key, flag, targeting) {
  await expectOk('PUT', `${projectPath}/flags/${key}`, { flag });
  await expectOk('PUT', `${environmentPath}/flags/${key}`, { targeting: { on: true, rules: [], ...targeting } });
}

/** A token of another kind. */
export async function createToken(kind) {
  return (await expectOk('POST', `${projectPath}/tokens`, { kind, name: `tests ${kind}`, environment })).token;
}

export async function createMetric(key) {
  await expectOk('PUT', `${projectPath}/metrics/${key}`, {
    metric: { kind: 'event_rate' },
    description: 'Made by the client tests',
  });
}

/** Starts a rollout whose only stage is half of everybody; its id. */
export async function startHalfRollout(flag, metric) {
  const rollout = await expectOk('POST', `${environmentPath}/rollouts`, {
    flag,
    baseline: 'off',
    candidate: 'on',
    ladder: { stages: [{ share: 50000, bake_seconds: 600 }] },
    guardrails: [{ key: 'errors', metric, harm: 'up', weight: 800 }],
    exposure_source: 'server_eval',
  });
  return rollout.id;
}

export async function rollBack(rollout, reason) {
  return expectOk('POST', `${environmentPath}/rollouts/${rollout}/roll-back`, { reason });
}

export async function readRollout(rollout) {
  return expectOk('GET', `${environmentPath}/rollouts/${rollout}`);
}

/** Reports events as an application's server does. */
export async function reportEvents(batch, items) {
  return send('POST', '/api/v1/events', serverToken, { batch, items });
}
