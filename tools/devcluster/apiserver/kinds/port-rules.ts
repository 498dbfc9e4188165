/** Ports, as pods, Services and EndpointSlices have them. */
export const protocols = ['SCTP', 'TCP', 'UDP'];
export const portRange = 'must be between 1 and 65535, inclusive';
export const isPort = (value: unknown): boolean => typeof value === 'number' && value >= 1 && value <= 65_535;
