// A certified OpenID provider for the tests: one public client with the device flow, people who sign in without a browser.
import http from 'node:http'
import Provider from 'oidc-provider'

const PEOPLE = {
  ada: { email: 'ada@example.com', email_verified: true, groups: ['engineering', 'dba'] },
  eve: { email: 'eve@example.com', email_verified: true, groups: ['sales'] },
}
const who = { now: 'ada' }

const server = http.createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'passgate-cli',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
      response_types: [],
      redirect_uris: [],
    },
    {
      client_id: 'passgate-gate',
      client_secret: 'only for: tests',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['https://gate.example.com/oauth/callback'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups'],
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
})

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response)
  if (details.prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: who.now } })
    return
  }
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id })
  grant.addOIDCScope('openid email groups')
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

const callback = provider.callback()
server.on('request', (request, response) => {
  const url = new URL(request.url, issuer)
  if (url.pathname === '/test/who') {
    who.now = url.searchParams.get('is')
    response.end()
  } else if (url.pathname.startsWith('/interaction/')) {
    interact(request, response).catch((error) => {
      response.statusCode = 500
      response.end(String(error))
    })
  } else {
    callback(request, response)
  }
})
process.stdout.write(`${JSON.stringify({ issuer })}\n`)
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
