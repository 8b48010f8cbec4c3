// What VS Code's Jupyter extension does, with the library that it is built on: REST with the token in
// a header, then a kernel's websocket with the token in its address, or in a header as well.
// node kernel_of_services.cjs <node_modules> <url> <token> header|address
const [, , modules, url, token, how] = process.argv;
const { createRequire } = require("module");
const from = createRequire(modules + "/");
const { ServerConnection, KernelManager, SessionManager } = from("@jupyterlab/services");
const WS = from("ws");

class WithHeader extends WS {
  constructor(address, protocols) {
    super(address, protocols, { headers: { Authorization: `token ${token}` } });
  }
}

async function main() {
  const serverSettings = ServerConnection.makeSettings({
    baseUrl: url + "/",
    wsUrl: url.replace("https", "wss") + "/",
    token,
    appendToken: how === "address",
    WebSocket: how === "address" ? WS : WithHeader,
  });
  const kernels = new KernelManager({ serverSettings });
  const sessions = new SessionManager({ serverSettings, kernelManager: kernels });
  await sessions.ready;
  const session = await sessions.startNew({
    path: "code.ipynb",
    name: "code.ipynb",
    type: "notebook",
    kernel: { name: "python3" },
  });
  let printed = "";
  const future = session.kernel.requestExecute({ code: "print(6 * 7)" });
  future.onIOPub = (message) => {
    if (message.header.msg_type === "stream") {
      printed += message.content.text;
    }
  };
  await future.done;
  await session.shutdown();
  console.log(printed.trim());
}

setTimeout(() => {
  console.log("no answer");
  process.exit(3);
}, 15000);
main().then(
  () => process.exit(0),
  (error) => {
    console.log(String(error));
    process.exit(1);
  },
);
