/** Where other machines find this one. */

type Interface = Pick<Deno.NetworkInterfaceInfo, "family" | "address">;

/**
 * The IPv4 addresses of this machine in its networks: short enough to be written on a blackboard. Of several, such as of a
 * network of virtual machines, only some can be reached from outside. None where the system does not tell.
 */
export function networkAddresses(list: () => Interface[] = () => Deno.networkInterfaces()): string[] {
  try {
    return list().filter(({ family, address }) => family === "IPv4" && !/^(127|169\.254)\./.test(address))
      .map(({ address }) => address);
  } catch {
    return [];
  }
}
