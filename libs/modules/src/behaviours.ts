/** Every module's behaviour, by type: one for each of `kinds`. */
import type { Behaviours, Create } from '@millrace/engine';
import { create as alignRows } from './align/rows/behaviour.js';
import { create as alignWindow } from './align/window/behaviour.js';
import { create as cleanDeadband } from './clean/deadband/behaviour.js';
import { create as cleanFill } from './clean/fill/behaviour.js';
import { create as cleanHampel } from './clean/hampel/behaviour.js';
import { create as cleanInvalid } from './clean/invalid/behaviour.js';
import { create as cleanIqr } from './clean/iqr/behaviour.js';
import { create as cleanRange } from './clean/range/behaviour.js';
import { create as cleanRate } from './clean/rate/behaviour.js';
import { create as cleanStuck } from './clean/stuck/behaviour.js';
import { create as cleanZscore } from './clean/zscore/behaviour.js';
import { create as featureStats } from './features/stats/behaviour.js';
import { create as mapConvert } from './map/convert/behaviour.js';
import { create as mapSet } from './map/set/behaviour.js';
import { create as modelOnnx } from './models/onnx/behaviour.js';
import { createWorker } from './models/worker/behaviour.js';
import { create as routeAlert } from './route/alert/behaviour.js';
import { create as routeSwitch } from './route/switch/behaviour.js';
import { create as routeMerge } from './route/merge/behaviour.js';
import { create as routeLimit } from './route/limit/behaviour.js';
import { create as routeDebounce } from './route/debounce/behaviour.js';
import { create as scaleMinmax } from './scale/minmax/behaviour.js';
import { create as scaleRobust } from './scale/robust/behaviour.js';
import { create as scaleStandard } from './scale/standard/behaviour.js';
import { create as sourceCsv } from './sources/csv/behaviour.js';
import { create as sourceSimulator } from './sources/simulator/behaviour.js';
import { create as sinkFile } from './sinks/file/behaviour.js';
import { create as sinkDirector } from './sinks/director/behaviour.js';
import { create as debugTap } from './debug/tap/behaviour.js';
import { create as sourceMqtt } from './sources/mqtt/behaviour.js';
import { create as sinkMqtt } from './sinks/mqtt/behaviour.js';
import { create as actHttp } from './acts/http/behaviour.js';
import { create as actMqtt } from './acts/mqtt/behaviour.js';
import { create as sourceTimer } from './sources/timer/behaviour.js';
import { create as sourceHttp } from './sources/http/behaviour.js';
import { create as sourcePoll } from './sources/poll/behaviour.js';
import { create as sinkHttp } from './sinks/http/behaviour.js';
import { create as alignLag } from './align/lag/behaviour.js';
import { create as featureEwma } from './features/ewma/behaviour.js';
import { create as featureBaseline } from './features/baseline/behaviour.js';
import { create as featureCusum } from './features/cusum/behaviour.js';
import { create as featureResidual } from './features/residual/behaviour.js';
import { create as featureFft } from './features/fft/behaviour.js';

// A behaviour takes the settings of its own kind; the engine parses them with that kind before it is made.
export const behaviours: Behaviours = new Map<string, Create>([
  ['align.rows', alignRows],
  ['align.window', alignWindow],
  ['clean.deadband', cleanDeadband],
  ['clean.fill', cleanFill],
  ['clean.hampel', cleanHampel],
  ['clean.invalid', cleanInvalid],
  ['clean.iqr', cleanIqr],
  ['clean.range', cleanRange],
  ['clean.rate', cleanRate],
  ['clean.stuck', cleanStuck],
  ['clean.zscore', cleanZscore],
  ['feature.stats', featureStats],
  ['map.convert', mapConvert],
  ['map.set', mapSet],
  ['model.java', createWorker('java')],
  ['model.javascript', createWorker('javascript')],
  ['model.julia', createWorker('julia')],
  ['model.python', createWorker('python')],
  ['model.r', createWorker('r')],
  ['model.onnx', modelOnnx],
  ['route.alert', routeAlert],
  ['route.switch', routeSwitch],
  ['route.merge', routeMerge],
  ['route.limit', routeLimit],
  ['route.debounce', routeDebounce],
  ['scale.minmax', scaleMinmax],
  ['scale.robust', scaleRobust],
  ['scale.standard', scaleStandard],
  ['source.csv', sourceCsv],
  ['source.simulator', sourceSimulator],
  ['sink.file', sinkFile],
  ['sink.director', sinkDirector],
  ['debug.tap', debugTap],
  ['source.mqtt', sourceMqtt],
  ['sink.mqtt', sinkMqtt],
  ['act.http', actHttp],
  ['act.mqtt', actMqtt],
  ['source.timer', sourceTimer],
  ['source.http', sourceHttp],
  ['source.poll', sourcePoll],
  ['sink.http', sinkHttp],
  ['align.lag', alignLag],
  ['feature.ewma', featureEwma],
  ['feature.baseline', featureBaseline],
  ['feature.cusum', featureCusum],
  ['feature.residual', featureResidual],
  ['feature.fft', featureFft],
]);
