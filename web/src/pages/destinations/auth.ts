// How a destination is told besides our signature that it is us: each kind with its settings, as docs/destinations.md has
// them.
export type AuthKind = 'basic' | 'bearer' | 'api_key' | 'hmac' | 'oauth2' | 'aws_sigv4' | 'mtls'

export type AuthSetting = {
  name: string
  label: string
  help?: string
  secret?: true
  required?: true
  long?: true
  values?: string[]
  default?: string
}

export const AUTH: Record<AuthKind, { name: string; meaning: string; settings: AuthSetting[] }> = {
  basic: {
    name: 'Basic',
    meaning: 'A user name and a password in the Authorization header.',
    settings: [
      { name: 'username', label: 'User name', required: true },
      { name: 'password', label: 'Password', secret: true },
    ],
  },
  bearer: {
    name: 'Bearer token',
    meaning: 'A token that does not change, in the Authorization header.',
    settings: [{ name: 'token', label: 'Token', secret: true, required: true }],
  },
  api_key: {
    name: 'API key',
    meaning: 'A key in a header or a parameter of your choice.',
    settings: [
      { name: 'name', label: 'Name', help: 'Of the header or the parameter.', required: true },
      { name: 'key', label: 'Key', secret: true, required: true },
      { name: 'in', label: 'Where', values: ['header', 'query'], default: 'header' },
    ],
  },
  hmac: {
    name: 'HMAC',
    meaning: "A signature in a header of the receiver's own choice, as GitHub, Stripe and Slack have them.",
    settings: [
      { name: 'secret', label: 'Secret', secret: true, required: true },
      { name: 'header', label: 'Header', required: true },
      { name: 'algorithm', label: 'Algorithm', values: ['sha256', 'sha1', 'sha512'], default: 'sha256' },
      { name: 'encoding', label: 'Written in', values: ['hex', 'base64'], default: 'hex' },
      { name: 'prefix', label: 'Prefix', help: 'What stands before it: sha256=, t={timestamp},v1=' },
      {
        name: 'message',
        label: 'What is signed',
        help: '{body} once, and {timestamp}, {id}.',
        default: '{body}',
      },
      { name: 'timestamp_header', label: 'Header for the timestamp' },
    ],
  },
  oauth2: {
    name: 'OAuth 2',
    meaning: 'A token that is fetched for client credentials, and kept as long as it holds.',
    settings: [
      { name: 'token_url', label: 'Token endpoint', required: true },
      { name: 'client_id', label: 'Client id', required: true },
      { name: 'client_secret', label: 'Client secret', secret: true, required: true },
      { name: 'client_auth', label: 'Shown in', values: ['basic', 'body'], default: 'basic' },
      { name: 'scope', label: 'Scopes', help: 'With spaces between them.' },
      { name: 'audience', label: 'Audience' },
    ],
  },
  aws_sigv4: {
    name: 'AWS Signature 4',
    meaning: 'For Lambda function URLs, API Gateway, EventBridge, S3 and the like.',
    settings: [
      { name: 'access_key_id', label: 'Access key id', required: true },
      { name: 'secret_access_key', label: 'Secret access key', secret: true, required: true },
      { name: 'region', label: 'Region', help: 'Like eu-central-1.', required: true },
      { name: 'service', label: 'Service', help: 'lambda, execute-api, s3, …', required: true },
      { name: 'session_token', label: 'Session token', secret: true },
    ],
  },
  mtls: {
    name: 'Client certificate',
    meaning: 'A certificate in the TLS handshake; the URL has to be https.',
    settings: [
      {
        name: 'certificate',
        label: 'Certificate',
        help: 'PEM, then its intermediates.',
        long: true,
        required: true,
      },
      {
        name: 'key',
        label: 'Private key',
        help: 'PEM, without a passphrase.',
        secret: true,
        long: true,
        required: true,
      },
      {
        name: 'ca',
        label: 'Authorities',
        help: "PEM: where the destination's own certificate may come from, instead of those this machine trusts.",
        long: true,
      },
    ],
  },
}
