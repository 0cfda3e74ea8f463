import type { NpmPackage } from './npm-packages.ts';
import type { Wheel } from './wheels.ts';

/** A photo of the demo, and where it comes from. */
export interface DemoPhoto {
  /** Its name in `.cache/photos`. */
  readonly file: string;
  /** What it shows, in the starter model's words: one of these is its best tag. */
  readonly tags: readonly [string, ...string[]];
  /** Path in its package. */
  readonly path: string;
  /** SHA-256 of the photo. */
  readonly hash: string;
}

/** A package and the photos that are taken out of it. The photos are fetched from the registry, not carried in this repository. */
export type PhotoSource = {
  /** Who made the photos, and on what terms. */
  readonly credit: string;
  readonly photos: readonly DemoPhoto[];
} & ({ readonly wheel: Wheel } | { readonly npm: NpmPackage });

const scikitImage: PhotoSource = {
  credit:
    'cat.png: Stefan van der Walt, CC0; espresso.png: Rachel Michetti, CC0; tripod.png: Lav Varshney, CC0; as scikit-image says of its data',
  wheel: {
    project: 'scikit-image',
    version: '0.26.0',
    file: 'scikit_image-0.26.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl',
    hash: '74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af',
    choice: [
      '--platform=manylinux_2_28_x86_64',
      '--implementation=cp',
      '--python-version=3.11',
      '--abi=cp311',
    ],
  },
  photos: [
    {
      file: 'cat.png',
      tags: ['tiger cat', 'egyptian cat', 'tabby'],
      path: 'skimage/data/chelsea.png',
      hash: '596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb',
    },
    {
      file: 'espresso.png',
      tags: ['espresso'],
      path: 'skimage/data/coffee.png',
      hash: 'cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7',
    },
    {
      file: 'tripod.png',
      tags: ['tripod'],
      path: 'skimage/data/camera.png',
      hash: 'b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a',
    },
  ],
};

const jqueryZoom: PhotoSource = {
  credit: 'Jack Moore, in a package under the MIT licence',
  npm: {
    project: 'jquery-zoom',
    version: '1.7.22',
    hash: 'cfd2e643d52fe1d30a4e1abf46c440775712b748408252c320ad7d8993bbecf9',
  },
  photos: [
    {
      file: 'boxer.jpg',
      tags: ['boxer'],
      path: 'package/roxy.jpg',
      hash: 'fb4f53f6843bb092048c54323be4c52c546b178be0ef9c15704f39eddfe33ffb',
    },
  ],
};

const exifJs: PhotoSource = {
  credit: 'Jacob Seidelin, in a package under the MIT licence',
  npm: {
    project: 'exif-js',
    version: '2.3.0',
    hash: '0c7cdbc9675498d5e54db7f873636a47719f1a137bf24b0e53da08a03f23f0b3',
  },
  photos: [
    {
      file: 'go-kart.jpg',
      tags: ['go-kart'],
      path: 'package/example/dsc_09827.jpg',
      hash: 'd7897ff1df0e1065e45066aea06ece47ac8f07da2a229e7b7628db38653f5039',
    },
    {
      file: 'volcano.jpg',
      tags: ['volcano', 'alp'],
      path: 'package/example/DSCN0614_small.jpg',
      hash: 'fd29268f0f2037a137392f38cb5a0036ea40e7bb6804d1d944086357ed38c6fe',
    },
  ],
};

const creative: PhotoSource = {
  credit: 'in a theme of Start Bootstrap under the MIT licence',
  npm: {
    project: 'startbootstrap-creative',
    version: '7.0.7',
    hash: '746c2e46c5292e797358c90533ed695fbeb6ceff58ad7fd43284d93e9c3d0555',
  },
  photos: [
    {
      file: 'cameras.jpg',
      tags: ['reflex camera'],
      path: 'package/dist/assets/img/portfolio/fullsize/3.jpg',
      hash: 'b587cdabd57a6825115f40551465bbd12b9812906a2e8a0c8fe5e30b3d468ecf',
    },
    {
      file: 'tools.jpg',
      tags: ['hammer', 'hatchet'],
      path: 'package/dist/assets/img/portfolio/fullsize/6.jpg',
      hash: 'c16202c5945d6c5dc2631437188e35cd309b65fb4a2dc639b8d06023fba00a6b',
    },
  ],
};

const materialKit: PhotoSource = {
  credit: 'in a theme of Creative Tim under the MIT licence',
  npm: {
    project: 'material-kit',
    version: '2.0.4',
    hash: '543712c988b2697c61a7ef6c9527ebf850b21b56e1bdfd7258fc6d333f725602',
  },
  photos: [
    {
      file: 'backpack.jpg',
      tags: ['backpack'],
      path: 'package/assets/img/examples/cynthia-del-rio.jpg',
      hash: 'c8abbb9251dee5a2e18e46dd8f4a9257d5c92e21608d9e413e5353d2fdf193f4',
    },
    {
      file: 'mountains.jpg',
      tags: ['alp'],
      path: 'package/assets/img/bg7.jpg',
      hash: 'cb48e6cfae03fc86d206656915362e48505217b0a6e219c5f92c5021b6aab8fa',
    },
    {
      file: 'seashore.jpg',
      tags: ['seashore', 'lakeside'],
      path: 'package/assets/img/bg2.jpg',
      hash: 'c129c420b3e2358814d819e28d5bb356fbbf3484ccde0061fc6382593cb6e173',
    },
    {
      file: 'valley.jpg',
      tags: ['valley'],
      path: 'package/assets/img/bg3.jpg',
      hash: 'f3dd7de622421b6363fda3a8eff3f3a8650f314254e4a376d0617202db620e47',
    },
  ],
};

/** Where the demo's photos come from: 23 MB of packages, 2.3 MB of photos. */
export const photoSources: readonly PhotoSource[] = [scikitImage, jqueryZoom, exifJs, creative, materialKit];

/** The demo's photos: files in `.cache/photos` after `npm run setup`. */
export const demoPhotos: readonly DemoPhoto[] = photoSources.flatMap(({ photos }) => photos);
