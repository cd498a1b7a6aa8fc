export { Paced } from '../paced.ts';
