/** The kinds that kp's verbs are for: their words on the command line and in texts. */

export interface Noun {
  /** The word of the commands: `clusterstack`. */
  readonly word: string
  readonly kind: string
  /** The name in kp's messages. */
  readonly title: string
  readonly isNamespaced: boolean
  /** kp's error for an empty list. */
  readonly none: string
}

export const IMAGE: Noun = { word: 'image', kind: 'Image', title: 'Image Resource', isNamespaced: true, none: 'no image resources found' }
export const CLUSTER_STACK: Noun = { word: 'clusterstack', kind: 'ClusterStack', title: 'ClusterStack', isNamespaced: false, none: 'no clusterstacks found' }
export const CLUSTER_STORE: Noun = { word: 'clusterstore', kind: 'ClusterStore', title: 'ClusterStore', isNamespaced: false, none: 'no ClusterStores found' }
export const CLUSTER_LIFECYCLE: Noun = { word: 'clusterlifecycle', kind: 'ClusterLifecycle', title: 'ClusterLifecycle', isNamespaced: false, none: 'no clusterlifecycles found' }
export const CLUSTER_BUILDPACK: Noun = { word: 'clusterbuildpack', kind: 'ClusterBuildpack', title: 'ClusterBuildpack', isNamespaced: false, none: 'no cluster buildpacks found' }
export const BUILDER: Noun = { word: 'builder', kind: 'Builder', title: 'Builder', isNamespaced: true, none: 'no builders found' }
export const CLUSTER_BUILDER: Noun = { word: 'clusterbuilder', kind: 'ClusterBuilder', title: 'ClusterBuilder', isNamespaced: false, none: 'no clusterbuilders found' }
