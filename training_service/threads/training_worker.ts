/** Entry point of the training thread. */
import { serveTrainings } from "../../lab/training/training_worker.ts";
import { readDataset } from "../../service/dataset/dataset.ts";
import { log } from "../../service/process/log.ts";

serveTrainings(readDataset, log);
