// A certified OpenID provider for the tests: one native public client, people who sign in as a browser would.
import http from 'node:http'
import Provider from 'oidc-provider'

const PEOPLE = {
  ada: { email: 'ada@example.com', email_verified: true, groups: ['engineering', 'dba'] },
  eve: { email: 'eve@example.com', email_verified: true, groups: ['sales'] },
  // Has no second factor, whatever is asked for.
  max: { email: 'max@example.com', email_verified: true, groups: ['engineering'] },
  odd: { email: 'odd@example.com', email_verified: true, groups: ['engineering', 'a, b', '"q"\'s', 'Zoë 日本', 'CN=x,OU=y'] },
  broken: { email: 'broken@example.com', email_verified: true, groups: ['engineering', 'dba\r\nSet-Cookie: x'] },
  busy: { email: 'busy@example.com', email_verified: true, groups: Array.from({ length: 10000 }, (_, n) => `group-${n}`) },
}
const MFA = 'urn:example:mfa'
const who = { now: 'ada' }
const where = { groups: 'token' }

const server = http.createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'passgate-cli',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback'],
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
  acrValues: [MFA],
  claims: { acr: null, auth_time: null, openid: ['sub', 'amr'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups', 'offline_access'],
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({ accountId: id, claims: (use) => said(id, use) }),
})

// With /test/groups?in=userinfo the ID token is a thin one, as Okta's is.
function said(id, use) {
  const { groups, ...claims } = PEOPLE[id]
  return { sub: id, ...claims, ...(use === 'userinfo' || where.groups === 'token' ? { groups } : {}) }
}

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response)
  if (who.now === 'nobody') {
    await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'They said no.' })
    return
  }
  if (details.prompt.name === 'login') {
    const strong = details.params.acr_values === MFA && who.now !== 'max'
    const login = strong ? { acr: MFA, amr: ['pwd', 'otp', 'mfa'] } : { amr: ['pwd'] }
    await provider.interactionFinished(request, response, { login: { accountId: who.now, ...login } })
    return
  }
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id })
  grant.addOIDCScope(details.params.scope)
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

const callback = provider.callback()
server.on('request', (request, response) => {
  const url = new URL(request.url, issuer)
  if (url.pathname === '/test/who') {
    who.now = url.searchParams.get('is')
    response.end()
  } else if (url.pathname === '/test/groups') {
    where.groups = url.searchParams.get('in')
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
