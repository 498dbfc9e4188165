/** The host of all requests: in the certificate and in the Host header. */
export const host = 'shop.example.com';
