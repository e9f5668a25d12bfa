/** Every kind of module, by type. Browser-safe: no behaviour and no Node module is reached from here. */
import { catalogueOf, type Catalogue } from '@millrace/flow';
import { kind as alignRows } from './align/rows/kind.js';
import { kind as alignWindow } from './align/window/kind.js';
import { kind as cleanDeadband } from './clean/deadband/kind.js';
import { kind as cleanFill } from './clean/fill/kind.js';
import { kind as cleanHampel } from './clean/hampel/kind.js';
import { kind as cleanInvalid } from './clean/invalid/kind.js';
import { kind as cleanIqr } from './clean/iqr/kind.js';
import { kind as cleanRange } from './clean/range/kind.js';
import { kind as cleanRate } from './clean/rate/kind.js';
import { kind as cleanStuck } from './clean/stuck/kind.js';
import { kind as cleanZscore } from './clean/zscore/kind.js';
import { kind as featureStats } from './features/stats/kind.js';
import { kind as mapConvert } from './map/convert/kind.js';
import { kind as mapSet } from './map/set/kind.js';
import { kind as modelJava } from './models/java/kind.js';
import { kind as modelJavascript } from './models/javascript/kind.js';
import { kind as modelJulia } from './models/julia/kind.js';
import { kind as modelPython } from './models/python/kind.js';
import { kind as modelR } from './models/r/kind.js';
import { kind as modelOnnx } from './models/onnx/kind.js';
import { kind as routeAlert } from './route/alert/kind.js';
import { kind as routeSwitch } from './route/switch/kind.js';
import { kind as routeMerge } from './route/merge/kind.js';
import { kind as routeLimit } from './route/limit/kind.js';
import { kind as routeDebounce } from './route/debounce/kind.js';
import { kind as scaleMinmax } from './scale/minmax/kind.js';
import { kind as scaleRobust } from './scale/robust/kind.js';
import { kind as scaleStandard } from './scale/standard/kind.js';
import { kind as sourceCsv } from './sources/csv/kind.js';
import { kind as sourceSimulator } from './sources/simulator/kind.js';
import { kind as sinkFile } from './sinks/file/kind.js';
import { kind as sinkDirector } from './sinks/director/kind.js';
import { kind as debugTap } from './debug/tap/kind.js';
import { kind as sourceMqtt } from './sources/mqtt/kind.js';
import { kind as sinkMqtt } from './sinks/mqtt/kind.js';
import { kind as actHttp } from './acts/http/kind.js';
import { kind as actMqtt } from './acts/mqtt/kind.js';
import { kind as sourceTimer } from './sources/timer/kind.js';
import { kind as sourceHttp } from './sources/http/kind.js';
import { kind as sourcePoll } from './sources/poll/kind.js';
import { kind as sinkHttp } from './sinks/http/kind.js';
import { kind as alignLag } from './align/lag/kind.js';
import { kind as featureEwma } from './features/ewma/kind.js';
import { kind as featureBaseline } from './features/baseline/kind.js';
import { kind as featureCusum } from './features/cusum/kind.js';
import { kind as featureResidual } from './features/residual/kind.js';
import { kind as featureFft } from './features/fft/kind.js';

export const kinds: Catalogue = catalogueOf([
  alignRows,
  alignWindow,
  cleanDeadband,
  cleanFill,
  cleanHampel,
  cleanInvalid,
  cleanIqr,
  cleanRange,
  cleanRate,
  cleanStuck,
  cleanZscore,
  featureStats,
  mapConvert,
  mapSet,
  modelJava,
  modelJavascript,
  modelJulia,
  modelPython,
  modelR,
  modelOnnx,
  routeAlert,
  routeSwitch,
  routeMerge,
  routeLimit,
  routeDebounce,
  scaleMinmax,
  scaleRobust,
  scaleStandard,
  sourceCsv,
  sourceSimulator,
  sinkFile,
  sinkDirector,
  debugTap,
  sourceMqtt,
  sinkMqtt,
  actHttp,
  actMqtt,
  sourceTimer,
  sourceHttp,
  sourcePoll,
  sinkHttp,
  alignLag,
  featureEwma,
  featureBaseline,
  featureCusum,
  featureResidual,
  featureFft,
]);
