import { render } from 'preact';
import { followEvents } from './api/events.ts';
import { beginSession } from './api/session.ts';
import { App } from './app.tsx';
import { followCluster } from './cluster/cluster-state.ts';
import { followThroughput } from './cluster/throughput.ts';
import { followJobs } from './jobs/job-list.ts';
import { followResults } from './photos/uploads.ts';
import { showTheme } from './theme.ts';

showTheme();
const root = document.getElementById('page');
if (root !== null) render(<App />, root);
// Whoever is signed in by the address is so before anything is asked.
await beginSession();
followResults();
followThroughput();
followCluster();
followJobs();
followEvents();
