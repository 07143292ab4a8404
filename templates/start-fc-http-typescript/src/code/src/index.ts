interface Request {
  requestContext: { http: { method: string; path: string } }
  queryParameters?: Record<string, string>
  body?: string
  isBase64Encoded?: boolean
}

interface Response {
  statusCode: number
  headers: Record<string, string>
  isBase64Encoded: boolean
  body: string
}

// Called for every request: event is the request as JSON, the result the
// response.
export async function handler(event: Buffer): Promise<Response> {
  const request = parse(event)
  if (!request) {
    return respond(400, { error: 'this function answers HTTP requests: call the url of its trigger' })
  }
  const { method, path } = request.requestContext.http
  console.log(`${method} ${path}`)
  return respond(200, {
    message: 'hello world',
    method,
    path,
    query: request.queryParameters ?? {},
    body: bodyOf(request)
  })
}

// The request in event, or null if no HTTP trigger has sent it.
function parse(event: Buffer): Request | null {
  try {
    const request: Request = JSON.parse(event.toString())
    return request.requestContext.http.method ? request : null
  } catch {
    return null
  }
}

// The body as text; binary bodies arrive in base64.
function bodyOf(request: Request): string {
  const body = request.body ?? ''
  return request.isBase64Encoded ? Buffer.from(body, 'base64').toString() : body
}

function respond(statusCode: number, content: object): Response {
  return {
    statusCode,
    headers: { 'Content-Type': 'application/json' },
    isBase64Encoded: false,
    body: JSON.stringify(content)
  }
}
