import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { parseStoreUrl } from '../../../src/base/store-url.ts';

describe('the URL of a store', () => {
  it.each([
    [
      'postgresql://ann:p%40ss%2F@127.0.0.1:5433/photos',
      { host: '127.0.0.1', port: 5433, database: 'photos', user: 'ann', password: 'p@ss/', tls: undefined },
    ],
    ['postgres://localhost/photos', { host: 'localhost', port: 5432, user: undefined, password: undefined }],
    ['postgresql://[::1]/photos', { host: '::1', tls: undefined }],
    [
      'postgresql:///photos?host=/var/run/postgresql&user=ann',
      { host: '/var/run/postgresql', user: 'ann', tls: undefined },
    ],
    ['postgresql://ann@db.example/photos', { host: 'db.example', tls: {} }],
    [
      'postgresql://db.example/photos?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=c.pem&sslkey=k.pem',
      { tls: { authority: '/etc/ca.pem', certificate: 'c.pem', key: 'k.pem' } },
    ],
    ['postgresql://127.0.0.1/photos?sslmode=verify-full', { tls: {} }],
  ])('reads %s', (url, expected) => {
    expect(parseStoreUrl(url)).toMatchObject(expected);
  });

  it.each([
    ['mysql://127.0.0.1/photos', 'is no URL of PostgreSQL'],
    ['secret', 'is no URL of PostgreSQL'],
    ['postgresql://ann:secret@127.0.0.1', 'names no database'],
    ['postgresql://ann:secret@127.0.0.1/a/b', 'names no database'],
    ['postgresql:///photos', 'names no host'],
    ['postgresql://ann:secret@db.example/photos?sslmode=disable', 'another machine without TLS'],
    ['postgresql://ann:secret@127.0.0.1.example/photos?sslmode=disable', 'another machine without TLS'],
    ['postgresql://ann:secret@db.example/photos?sslmode=require', 'sslmode that is not one of'],
    ['postgresql://ann:secret@db.example/photos?sslcert=c.pem', 'sslcert without sslkey'],
    ['postgresql://ann:secret@127.0.0.1/photos?options=-c%20x', 'parameter that is not one of'],
    ['postgresql://ann:secret@127.0.0.1/photos?host=db.example', 'host= that is not the folder'],
    ['postgresql://ann:secret%@127.0.0.1/photos', '%25'],
    ['postgresql://ann:secret@127.0.0.1/photos#secret', 'has a #'],
    ['postgresql://ann:sec#ret@127.0.0.1/photos', 'URL of PostgreSQL'],
  ])('refuses %s, and repeats no password', (url, problem) => {
    let fault: unknown;
    try {
      parseStoreUrl(url);
    } catch (thrown) {
      fault = thrown;
    }
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: 'USAGE', message: expect.stringContaining(problem) as string });
    expect(JSON.stringify((fault as Fault).toWire())).not.toContain('secret');
  });
});
