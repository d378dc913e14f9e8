// Lets the search work on a page that was opened from disk, where browsers start no worker: the
// worker's script runs in a frame that nobody sees. It stands in for what Zensical fetches from
// another host.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(url) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.documentElement.append(this.frame);
      const { contentWindow: inside, contentDocument: page } = this.frame;
      inside.postMessage = (data) => this.onmessage?.({ data });
      const script = page.createElement("script");
      script.src = url;
      this.ready = new Promise((resolve) => (script.onload = resolve));
      page.documentElement.append(script);
    }

    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow?.onmessage({ data }));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
