// A certified OpenID provider for the tests of leaving: refresh tokens that rotate, people who are disabled, back-channel logout.
import http from 'node:http'
import Provider from 'oidc-provider'

const PEOPLE = new Map(
  ['ada', 'bea'].map((name) => [name, { email: `${name}@example.com`, email_verified: true, groups: ['engineering'] }]),
)

const server = http.createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'passgate-cli',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      response_types: [],
      redirect_uris: [],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'offline_access', 'email', 'groups'],
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  cookies: { keys: ['only for tests'] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) =>
    PEOPLE.has(id) ? { accountId: id, claims: () => ({ sub: id, ...PEOPLE.get(id) }) } : undefined,
})

const who = { now: 'ada' }

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response)
  if (details.prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: who.now } })
    return
  }
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id })
  grant.addOIDCScope('openid offline_access email groups')
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

async function signOut(person, uri) {
  const client = await provider.Client.find('passgate-cli')
  client.backchannelLogoutUri = uri
  await client.backchannelLogout(person, 'no-session-of-the-gate')
}

const callback = provider.callback()
server.on('request', (request, response) => {
  const url = new URL(request.url, issuer)
  const fail = (error) => {
    response.statusCode = 500
    response.end(String(error))
  }
  if (url.pathname === '/test/who') {
    who.now = url.searchParams.get('is')
    response.end()
  } else if (url.pathname === '/test/disable') {
    PEOPLE.delete(url.searchParams.get('who'))
    response.end()
  } else if (url.pathname === '/test/sign-out') {
    signOut(url.searchParams.get('who'), url.searchParams.get('uri')).then(() => response.end(), fail)
  } else if (url.pathname.startsWith('/interaction/')) {
    interact(request, response).catch(fail)
  } else {
    callback(request, response)
  }
})
process.stdout.write(`${JSON.stringify({ issuer })}\n`)
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
