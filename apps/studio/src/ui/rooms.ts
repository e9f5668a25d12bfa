/** The rooms of the studio: the product's words with their addresses. */
import { Bell, Boxes, House, Rocket, Server, Settings, Workflow, type LucideIcon } from 'lucide-react';

export const ROOMS: readonly { path: string; word: string; icon: LucideIcon }[] = [
  { path: '/', word: 'Home', icon: House },
  { path: '/flows', word: 'Flows', icon: Workflow },
  { path: '/catalogue', word: 'Catalogue', icon: Boxes },
  { path: '/nodes', word: 'Nodes', icon: Server },
  { path: '/deployments', word: 'Deployments', icon: Rocket },
  { path: '/alerts', word: 'Alerts', icon: Bell },
  { path: '/settings', word: 'Settings', icon: Settings },
];
