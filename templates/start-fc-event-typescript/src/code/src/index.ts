interface Context {
  requestId: string
  region: string
  function: { name: string; handler: string; memory: number; timeout: number }
}

interface Greeting {
  name?: string
}

// Called for every invocation: event is a Buffer, what the promise gives is the
// result.
export async function handler(event: Buffer, context: Context): Promise<object> {
  console.log(`request ${context.requestId}: ${event.length} bytes`)
  const data: Greeting | null = event.length > 0 ? JSON.parse(event.toString()) : null
  return { message: `hello ${data?.name ?? 'world'}`, event: data }
}
