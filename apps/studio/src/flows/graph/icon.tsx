/** The icon of a module: of its type where it says more than its category. */
import {
  AlignVerticalSpaceAround,
  BellRing,
  BrainCircuit,
  Bug,
  CircleQuestionMark,
  Eraser,
  FileSpreadsheet,
  FileOutput,
  Radio,
  Ruler,
  Send,
  Sigma,
  Split,
  Upload,
  Variable,
  WandSparkles,
  Waves,
  type LucideIcon,
} from 'lucide-react';
import type { ModuleCategory } from '@millrace/flow';

const TYPES: Readonly<Record<string, LucideIcon>> = {
  'source.csv': FileSpreadsheet,
  'source.simulator': Waves,
  'sink.file': FileOutput,
  'sink.mqtt': Send,
  'route.alert': BellRing,
};

const CATEGORIES: Readonly<Record<ModuleCategory, LucideIcon>> = {
  source: Radio,
  clean: Eraser,
  map: Variable,
  scale: Ruler,
  align: AlignVerticalSpaceAround,
  feature: Sigma,
  model: BrainCircuit,
  route: Split,
  act: WandSparkles,
  sink: Upload,
  debug: Bug,
};

export function ModuleIcon({ type, size = 14 }: { type: string; size?: number }) {
  const Icon = TYPES[type] ?? CATEGORIES[type.split('.')[0] as ModuleCategory] ?? CircleQuestionMark;
  return <Icon size={size} aria-hidden />;
}
