// The dashboard: connects with the token that the person typed, and shows what comes.

const show = (id, text) => { document.getElementById(id).textContent = text; };
let socket = null;

const connect = (token) => {
  socket?.close(1000);
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/live`);
  show("state", "connecting");
  // The token is the first message; the gate in front takes it and lets the rest through.
  socket.onopen = () => socket.send(JSON.stringify({ token }));
  socket.onmessage = ({ data }) => {
    const figures = JSON.parse(data);
    if (figures.error) {
      show("state", figures.error);
      return;
    }
    show("state", "live");
    show("tick", figures.tick);
    show("words", figures.words);
    show("viewers", figures.viewers);
    show("done", figures.done.join(", ") || "none");
  };
  socket.onclose = ({ code }) => show("state", `closed (${code})`);
};

document.getElementById("connect").addEventListener("submit", (event) => {
  event.preventDefault();
  connect(document.getElementById("token").value);
});
document.getElementById("steps").addEventListener("click", ({ target }) => {
  if (target.dataset.step && socket?.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ step: target.dataset.step }));
  }
});
