"""A WebSocket server that answers what it hears, text and bytes, and says when a
caller has left."""
import asyncio
import os

from websockets.asyncio.server import serve

left = 0


async def talk(socket):
    global left
    try:
        async for message in socket:
            if message == "left":
                await socket.send("left %d" % left)
            elif message == "bye":
                await socket.close(4001, "as you wish")
            elif isinstance(message, bytes):
                await socket.send(message)
            else:
                await socket.send("heard %s on %s" % (message, socket.request.path))
    finally:
        left += 1


async def main():
    port = int(os.environ["FC_SERVER_PORT"])
    async with serve(talk, "0.0.0.0", port, subprotocols=["chat"], max_size=None) as server:
        await server.serve_forever()


asyncio.run(main())
