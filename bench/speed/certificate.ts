/** The certificate of all proxies: ECDSA on P-256, as most authorities issue it today. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../../test/support/authority.ts';
import { host } from './host.ts';

/** Files in PEM. `bundle`: chain and key in one, for HAProxy. */
export type CertificateFiles = { chain: string; key: string; bundle: string };

export async function issueCertificate(folder: string): Promise<CertificateFiles> {
  const { chain, key } = await (await createAuthority()).issue({ hostnames: [host] });
  const files = { chain: join(folder, 'chain.pem'), key: join(folder, 'key.pem'), bundle: join(folder, 'bundle.pem') };
  writeFileSync(files.chain, chain);
  writeFileSync(files.key, key);
  writeFileSync(files.bundle, `${chain}\n${key}`);
  return files;
}
