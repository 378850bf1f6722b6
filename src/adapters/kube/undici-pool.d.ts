/** The pool alone, without the rest of undici: fetch, caches and mocks would cost 13 MB and 30 ms in every process. */
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export = Pool;
}
