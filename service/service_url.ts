/** The address of the service on `port`, under the host name by which `request` asked: `http://<name>:<port>`. */
export function serviceUrl(request: Request, port: number): string {
  return `http://${new URL(request.url).hostname}:${port}`;
}
