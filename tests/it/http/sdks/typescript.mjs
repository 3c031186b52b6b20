// Drives both TypeScript SDKs by lines of JSON: the first says where to connect, each one after it what to do.
// node typescript.mjs 1|2

import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const installed = createRequire(process.env.CLIENTS + '/')
const load = name => import(pathToFileURL(installed.resolve(name)))

async function sdk(major) {
  if (major === '2') {
    const { Client, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client')
    return { Client, StreamableHTTPClientTransport, elicitation: 'elicitation/create' }
  }
  const { Client } = await load('@modelcontextprotocol/sdk/client/index.js')
  const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/client/streamableHttp.js')
  const { ElicitRequestSchema } = await load('@modelcontextprotocol/sdk/types.js')
  return { Client, StreamableHTTPClientTransport, elicitation: ElicitRequestSchema }
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const told = async () => {
  const { value, done } = await lines.next()
  return done ? undefined : JSON.parse(value)
}
const tell = said => console.log(JSON.stringify(said))

/** What a client keeps of signing in. */
const keeper = start => {
  const kept = {}
  return {
    redirectUrl: start.redirect,
    clientMetadataUrl: start.document,
    clientMetadata: {
      client_name: 'TypeScript SDK',
      redirect_uris: [start.redirect],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => kept.client,
    saveClientInformation: client => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: tokens => void (kept.tokens = tokens),
    codeVerifier: () => kept.verifier,
    saveCodeVerifier: verifier => void (kept.verifier = verifier),
    redirectToAuthorization: address => void tell({ open: String(address) }),
    invalidateCredentials: scope => void (scope === 'all' ? (kept.tokens = kept.client = undefined) : (kept.tokens = undefined)),
  }
}

const { Client, StreamableHTTPClientTransport, elicitation } = await sdk(process.argv[2])
const start = await told()
const provider = start.redirect && keeper(start)
let transport
let asked = 0

/** Tries once more after signing in, as a host does. */
async function signing_in(work) {
  try {
    return await work()
  } catch (error) {
    if (!/unauthorized/i.test(error.constructor.name + error.message) || !provider) throw error
    const query = new URL((await told()).back).searchParams
    if (process.argv[2] === '2') await transport.finishAuth(query)
    else await transport.finishAuth(query.get('code'))
    return await work()
  }
}

async function connect() {
  transport = new StreamableHTTPClientTransport(new URL(start.url), { authProvider: provider })
  const versionNegotiation = { mode: start.era === '2025-11-25' ? 'legacy' : { pin: start.era } }
  const client = new Client({ name: 'typescript', version: '1' }, { capabilities: { elicitation: {} }, versionNegotiation })
  client.setRequestHandler(elicitation, () => {
    asked += 1
    return { action: 'accept', content: { confirm: true } }
  })
  await client.connect(transport)
  return client
}

async function call(client, step) {
  const [cancel, before] = [new AbortController(), asked]
  let [progress, said] = [0, {}]
  // What lies between two steps says that the call goes on, as often as the machine is slow.
  const onprogress = told =>
    Number.isInteger(told.progress) && (progress += 1) === step.cancel_after && cancel.abort('enough')
  const options = { onprogress, signal: cancel.signal, timeout: 60_000 }
  const request = { name: step.call, arguments: step.arguments }
  try {
    const result = await signing_in(() =>
      process.argv[2] === '2' ? client.callTool(request, options) : client.callTool(request, undefined, options))
    said = { text: result.content[0].text, is_error: !!result.isError }
  } catch (error) {
    if (!cancel.signal.aborted) throw error
  }
  tell({ ...said, cancelled: cancel.signal.aborted, progress, asked: asked - before })
}

const client = await signing_in(connect)
tell({ protocol: client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion })
for (let step; (step = await told()); ) {
  if (step.call) await call(client, step)
  else tell({ tools: (await client.listTools()).tools.map(tool => tool.name) })
}
await client.close()
process.exit(0)
